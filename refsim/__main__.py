"""``python -m refsim`` is the command ``refsim``, which may be interrupted while it is still being imported."""

import sys

INTERRUPTED = 130


def main():
    """Run the command line and return its exit code."""
    try:
        from refsim import cli

        return cli.main()
    except KeyboardInterrupt:
        print("refsim: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
