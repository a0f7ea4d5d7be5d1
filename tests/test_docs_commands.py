"""Every command that the pages name runs as it stands."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli.app import app
from tests.setup_checkout import checkout, program

ROOT = Path(__file__).resolve().parent.parent
#: CHANGELOG tells of commands as they were.
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / ".github").rglob("*.yml")),
]
NOTEBOOK = ROOT / "docs" / "deploy" / "gpu-notebook.md"
COMMAND = get_command(app)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code(page: Path) -> Iterator[str]:
    """What stands between backquotes or is indented, a line or a block at a time."""
    text = page.read_text(encoding="utf-8")
    yield from re.findall(r"(?m)^ *```.*\n((?:.*\n)*?) *```$", text)
    yield from re.findall(r"(?<!`)`([^`\n]+)`", text)
    yield from re.findall(r"(?m)^    .+$", text)


def bash(page: Path) -> list[str]:
    return re.findall(r"(?m)^```bash\n((?:.*\n)*?)```$", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_is_the_one_with_the_packages(page: Path) -> None:
    """The machine's own is `python3`; in the container there is only one, called `python`."""
    if page.parent.name == "transcripts":
        return  # what the program said, which runs in a container too
    lines = [
        line
        for line in page.read_text(encoding="utf-8").splitlines()
        if "docker compose" not in line
    ]

    assert not re.findall(r"(?<![\w/.])python (?:main\.py|-m )\S*", "\n".join(lines))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_clone_has_the_address_of_the_readme(page: Path) -> None:
    address = re.findall(r"git clone (https://\S+)", (ROOT / "README.md").read_text("utf-8"))
    clones = re.findall(r"git clone (\S+)", page.read_text(encoding="utf-8"))

    assert len(address) == 1
    assert set(clones) <= set(address)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_of_the_program_exists(page: Path) -> None:
    for part in code(page):
        for words in re.findall(r"main\.py ([a-z][^`'\n;|#)]*)", part):
            names = words.split()
            command = COMMAND.commands.get(names[0])
            assert command, f"{names[0]} in {part}"
            for name in names[1:2]:
                if hasattr(command, "commands") and re.fullmatch(r"[a-z]+", name):
                    command = command.commands.get(name)
                    assert command, f"{name} in {part}"
            known = {option for each in command.params for option in each.opts}
            assert set(re.findall(r"(?<![\w-])--[a-z-]+", words)) <= known, part


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_target_of_make_and_every_module_exists(page: Path) -> None:
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"))

    for part in code(page):
        for words in re.findall(r"(?m)(?:^|\| |&& )make ((?:-C \S+ )?[a-z-]+)", part):
            assert words.split()[-1] in targets, part
        for module in re.findall(r"-m ((?:benchmarks|config|bot|engine)\.[\w.]+)", part):
            assert importlib.util.find_spec(module), part


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_is_for_bash_is_bash(page: Path) -> None:
    for block in bash(page):
        checked = subprocess.run(
            ["bash", "-n"], input=block, capture_output=True, encoding="utf-8", check=False
        )
        assert checked.returncode == 0, f"{checked.stderr}\n{block}"


def test_the_page_for_notebook_servers_leads_to_a_running_assistant(tmp_path: Path) -> None:
    """All its commands, one after the other, with stand-ins for the server, Python and pip."""
    home, programs = tmp_path / "home", tmp_path / "programs"
    course = checkout(home / "git-repos" / "faq-desk", programs)
    program(programs / "nvidia-smi", "echo 535.104.05")
    program(programs / "setsid", 'exec "$@"')
    commands = "\n".join(bash(NOTEBOOK)).replace("/home/jovyan", str(home))
    # The last one goes on for ever; here it ends with the assistant, and is waited for.
    commands = commands.replace("ADDRESS_OF_THAT_INDEX", "https://index.example/whl/cu126")
    commands = commands.replace("main.py run; sleep 5;", 'main.py run; touch "$FAQ_DATA_DIR/stop";')

    walked = subprocess.run(
        ["bash", "-e", "-c", f"{commands}\nwait"],
        cwd=home,
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(home),
            "SLACK_BOT_TOKEN": "xoxb-1",
            "STAND_IN_LOG": str(course.log),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )

    data = home / "faq-desk-data"
    assert walked.returncode == 0, walked.stderr
    assert walked.stdout.count("was told ''") == 2  # check and run
    assert course.installed()["torch"] == "2.13.0cu126"
    assert (course.folder / ".env").read_text(encoding="utf-8") == (
        f"HF_HOME={data}/huggingface\nFAQ_DATA_DIR={data}/state\n"
    )
    assert "run was told" in (data / "state" / "faq-desk.log").read_text(encoding="utf-8")
