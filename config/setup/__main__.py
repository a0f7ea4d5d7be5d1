"""Refuses a Python that the locks have no wheels for; `python3 -m config.setup` is what make runs.

Python 2 and the first Pythons 3 must be able to read this file, or they could not be refused.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def supported():  # type: () -> tuple[tuple[int, int], tuple[int, int]]
    """The oldest and the newest Python that all locked packages have wheels for."""
    with open(os.path.join(ROOT, "requirements.lock")) as lock:
        found = re.search(r"# Wheels for Python 3\.(\d+) to 3\.(\d+)", lock.read(2000))
    assert found
    return (3, int(found.group(1))), (3, int(found.group(2)))


if __name__ == "__main__":
    if os.name != "posix":
        sys.stderr.write("FAQ Desk runs on Linux and macOS; on Windows, use WSL.\n")
        sys.exit(1)
    oldest, newest = supported()
    if not oldest <= sys.version_info[:2] <= newest:
        sys.stderr.write(
            "FAQ Desk needs Python 3.%d to 3.%d, and '%s' is %d.%d. Install one of these and name "  # noqa: UP031
            "it: make PYTHON=python3.%d\n"
            % (
                oldest[1],
                newest[1],
                os.environ.get("PYTHON") or sys.executable,
                sys.version_info[0],
                sys.version_info[1],
                newest[1] - 1,
            )
        )
        sys.exit(1)
    from config.setup.steps import main

    sys.exit(main())
