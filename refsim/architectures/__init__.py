"""From configurations to networks, one architecture a file."""
