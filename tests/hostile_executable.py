"""An executable that speaks refsim-exec/1 and misbehaves as the id of its case says; started by the tests of the door.

Only the standard library, so that it starts quickly. Its first argument is a folder outside of what it was given, where
it notes the processes that it leaves behind; its second is how to describe its capabilities.
"""

import json
import os
import signal
import socket
import sys
import time

OUTSIDE, BATCH = sys.argv[1], sys.argv[2] == "batch"


def npy(descr, shape, values):
    """Return a .npy file with this header, whatever it is worth."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values


SPIKES = npy("|i1", "(3, 1, 2)", bytes([0, 0, 1, 1, 0, 1]))


def write(out, content, name="neuron.npy"):
    with open(os.path.join(out, name), "wb") as stream:
        stream.write(content)


def right(case, out):
    write(out, SPIKES)


def hang(case, out):
    time.sleep(600)


def stopped(case, out):
    os.kill(os.getpid(), signal.SIGSTOP)


def note(name):
    with open(os.path.join(OUTSIDE, "processes"), "a") as stream:
        stream.write(f"{name} {os.getpid()}\n")


def child(case, out):
    """Leave a child that holds both streams open."""
    if os.fork() == 0:
        note("child")
        time.sleep(600)
    right(case, out)


def daemon(case, out):
    """Leave a grandchild in a session of its own."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            note("daemon")
            time.sleep(600)
        os._exit(0)
    os.wait()
    right(case, out)


def hanging_child(case, out):
    child(case, out)
    time.sleep(600)


def segfault(case, out):
    print("row 3\nabout to \x1b[31mcrash\x1b[0m", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(case, out):
    print("x" * 1000, file=sys.stderr, flush=True)
    os._exit(3)


def chatter(case, out):
    while True:
        os.write(1, b"garbage " * 8192)


def complain(case, out):
    while True:
        os.write(2, b"garbage " * 8192)


def talk_then_answer(case, out):
    """More than a pipe holds, on the standard error."""
    os.write(2, b"progress\n" * 100_000)
    right(case, out)


def ten_gigabytes(case, out):
    with open(os.path.join(out, "neuron.npy"), "wb") as stream:
        stream.writelines(bytes(1 << 20) for _ in range(10_000))


def ten_gigabytes_by_default(case, out):
    """As a program in C, which does not ignore the signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    ten_gigabytes(case, out)


def sparse(case, out):
    with open(os.path.join(out, "neuron.npy"), "wb") as stream:
        stream.truncate(10 << 30)


def several_files(case, out):
    """Each below the limit of one file, together above that of all; then go on."""
    for number in range(10):
        write(out, bytes(4 << 20), f"{number}.npy")
    time.sleep(600)


def many_files(case, out):
    for number in range(1000):
        write(out, b"", f"{number}.npy")
    time.sleep(600)


def link(case, out):
    os.symlink(os.path.join(OUTSIDE, "secret.npy"), os.path.join(out, "neuron.npy"))


def dangling_link(case, out):
    os.symlink("/nowhere", os.path.join(out, "neuron.npy"))


def pipe(case, out):
    os.mkfifo(os.path.join(out, "neuron.npy"))


def device(case, out):
    os.mknod(os.path.join(out, "neuron.npy"), 0o20666, os.makedev(1, 5))


def local_socket(case, out):
    os.chdir(out)
    socket.socket(socket.AF_UNIX).bind("neuron.npy")


def folder(case, out):
    os.mkdir(os.path.join(out, "neuron.npy"))


def closed_folder(case, out):
    """Folders that even their owner may not enter."""
    os.makedirs(os.path.join(out, "a", "b"))
    write(out, b"", "a/b/file")
    os.chmod(os.path.join(out, "a", "b"), 0)
    os.chmod(os.path.join(out, "a"), 0)
    os.chmod(out, 0o500)


def deep_folder(case, out):
    """Deeper than a path may be long, and than Python recurses."""
    os.chdir(out)
    for _ in range(3000):
        os.mkdir("deep")
        os.chdir("deep")
    os.symlink(OUTSIDE, "outside")
    os.chdir("/")


def link_to_folder(case, out):
    os.rmdir(out)
    os.symlink(OUTSIDE, out)


def no_folder(case, out):
    os.rmdir(out)


def above(case, out):
    """Beside the folder, not in it."""
    write(out, SPIKES, "../neuron.npy")


def unknown(case, out):
    right(case, out)
    write(out, SPIKES, "\x1b[31mneurons.npy")


def dots(case, out):
    right(case, out)
    write(out, SPIKES, "..npy")


def unknown_link(case, out):
    os.symlink(OUTSIDE, os.path.join(out, "core"))


def spoiled_question(case, out):
    """Its own copy, so that the next case does not suffer."""
    for name in ("case.txt", "in/currents.npy", "param/neuron.thresholds.npy"):
        os.remove(os.path.join(case, name))
    right(case, out)


def unsupported(case, out):
    print("no ternary spikes", file=sys.stderr)
    return 75


def rejected(case, out):
    return 65


def eats_input(case, out):
    if not BATCH:
        sys.stdin.read()
    right(case, out)


FILES = {
    "empty": b"",
    "text": b"no array",
    "pickle": npy("|O", "(1,)", b"cos\nsystem\n(S'touch pwned'\ntR."),
    "absurd": npy("|i1", f"({2**62}, 4)", b""),
    "negative": npy("|i1", "(-3, 1, -2)", bytes(6)),
    "nested": npy("|i1", "(" * 9000, b""),
    "floats": npy("<f4", "(3, 1, 2)", bytes(24)),
    "short": npy("|i1", "(3, 1, 2)", bytes(5)),
    "zero-by-huge": npy("|i1", f"(0, {2**70})", b""),
    "large": npy("|i1", "(1048576,)", bytes(1 << 20)),
    "wide": npy("<i8", "(3, 1, 2)", bytes(48)),
    "flat": npy("|i1", "(6,)", bytes(6)),
}

NO_VERDICTS = {
    "garbage": "hello",
    "no-status": "{}",
    "wrong-status": '{"status": "perfect"}',
    "wrong-reason": '{"status": "answered", "reason": 3}',
    "list": "[1]",
    "bomb": "[" * 60_000,
    "two": '{"status": "answered"}\n{"status": "answered"}',
    "endless-number": "9" * 5000,
}


def named_behaviour(case):
    """Return what the id of a case asks for: all after the first point, but for a number sign."""
    with open(os.path.join(case, "case.txt")) as stream:
        return stream.readline().split()[1].partition(".")[2].partition("#")[0]


def answer(case, out):
    behaviour = named_behaviour(case)
    if behaviour in FILES:
        write(out, FILES[behaviour])
    else:
        return globals()[behaviour](case, out) or 0


def run_batch():
    words = {0: "answered", 75: "unsupported", 65: "rejected"}
    for line in sys.stdin:
        case, out = line.rstrip("\n").split("\t")
        behaviour = named_behaviour(case)
        if behaviour in NO_VERDICTS:
            print(NO_VERDICTS[behaviour], flush=True)
        elif behaviour == "dies":
            sys.exit(0)
        elif behaviour == "late":
            right(case, out)
            print('{"status": "answered"}', flush=True)
            time.sleep(0.2)
            print('{"status": "answered"}', flush=True)
        elif behaviour == "counts":
            print(json.dumps({"status": "failed", "reason": str(os.getpid())}), flush=True)
        else:
            print(json.dumps({"status": words[answer(case, out) or 0], "reason": "as told"}), flush=True)


if __name__ == "__main__":
    mode, *rest = sys.argv[3:]
    if mode == "--capabilities":
        print(
            json.dumps(
                {"protocol": "refsim-exec/1", "operators": ["LIF"], "requires": ["reject", "digest"], "batch": BATCH}
            )
        )
    elif mode == "run":
        sys.exit(answer(rest[1], rest[3]) or 0)
    else:
        run_batch()
