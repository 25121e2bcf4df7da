"""The cost model in an environment that has numpy and pyyaml and nothing else."""

import importlib.util
import json
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DESCRIPTION = """
network:
  stages: [{timesteps: 2}]
  layers:
    - {name: conv, kind: conv2d, stage: 0, in_shape: [2, 6, 6], out_shape: [4, 6, 6], kernel: [3, 3],
       padding: [1, 1], neuron: lif}
    - {name: head, kind: linear, stage: 0, in_shape: [144], out_shape: [3]}
rate: 0.1
"""


@pytest.mark.slow
def test_a_plain_description_is_priced_without_torch(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    for package in ("numpy", "yaml"):
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        home = Path(found.origin).parent
        (site / package).symlink_to(home)
        if (home.parent / f"{package}.libs").is_dir():
            (site / f"{package}.libs").symlink_to(home.parent / f"{package}.libs")
    shutil.copytree(REPOSITORY / "hwcost", site / "hwcost")
    (tmp_path / "net.yaml").write_text(DESCRIPTION)
    python = tmp_path / "venv" / "bin" / "python"
    absent = subprocess.run([python, "-c", "import torch"], capture_output=True)
    assert absent.returncode != 0
    done = subprocess.run(
        [python, "-m", "hwcost", "net.yaml", "--json"], cwd=tmp_path, capture_output=True, text=True, env={}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["total_pj"] > 0
