"""Fixtures shared by all tests. Variables that libraries read when they are imported are set here, before
anything else."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

_CACHE = tempfile.mkdtemp(prefix="tsearch-cache-")
os.environ["TSEARCH_CACHE"] = _CACHE
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("untimed", deadline=None)  # first examples fill caches, machines may be busy
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real recordings: `TSEARCH_DATA`, else shared/data beside the repository; skips where
    neither is there."""
    folder = Path(os.environ.get("TSEARCH_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is missing; point TSEARCH_DATA at them")
    return folder
