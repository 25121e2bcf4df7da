"""The wheel: spaces and profiles inside, nothing stray at the top, and the command works from any folder."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), "."]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    return next(folder.glob("tsearch_snn-*.whl"))


def test_spaces_and_profiles_are_inside_and_nothing_else_is_at_the_top(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tsearch", "hwcost", "tsearch_snn"}
    for space in (REPOSITORY / "search_spaces").glob("*.yaml"):
        assert f"tsearch/search_spaces/{space.name}" in names
    for profile in (REPOSITORY / "hwcost" / "profiles").glob("*.yaml"):
        assert f"hwcost/profiles/{profile.name}" in names
    assert {"tsearch/py.typed", "hwcost/py.typed"} <= set(names)


@pytest.mark.slow
def test_an_installed_wheel_searches_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """The wheel goes into an empty environment; its dependencies are lent by this one, to spare the download."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    where = [python, "-c", "import site; print(site.getsitepackages()[0])"]
    site = Path(subprocess.check_output(where, text=True).strip())
    zipfile.ZipFile(wheel).extractall(site)
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (site / "lent.pth").write_text("\n".join(lent))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import sys, tsearch, tsearch.cli; assert sys.argv[1] in tsearch.__file__; "
        "sys.exit(tsearch.cli.main(sys.argv[2:]))"
    )
    command = [python, "-c", code, str(site), "run", "digits_dvs", "--trials", "2", "--name", "x"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "runs" / "x" / "run.json").is_file()
