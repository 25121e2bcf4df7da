"""Trainings of benchmarks: done once, kept as lines, paired by sample."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tsearch.configuration import Configuration, DataSpec, Phase, Task
from tsearch.networks.backbones.vgg import Vgg

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
SMALL = {"size": 6, "steps": 12, "train_recordings": 1, "validation_recordings": 1, "test_recordings": 1}
DATA = DataSpec(name="digits_dvs", options=SMALL)


@pytest.fixture(scope="module")
def table():
    """The benchmarks' helper as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield import_module("trained_table")


def jobs(table, n=3, **training):
    settings = {"learning_rate": 0.02} | training
    schedule = (Phase(timesteps=(2, 1), epochs=1),)
    backbone = Vgg(widths=(2, 3), pool_after=(1,))
    configuration = Configuration(backbone=backbone, stages=(1, 1), schedule=schedule, training=settings)
    return [table.Job(f"seed {seed}", configuration, Task(data=DATA, seed=seed)) for seed in range(n)]


def counted(job):
    counted.calls.append(job.name)
    return {"accuracy": 0.5, "seed": job.task.seed}


counted.calls = []


def test_what_stands_in_the_folder_is_not_done_again(table, tmp_path, capsys) -> None:
    counted.calls.clear()
    three = jobs(table)
    table.trained(three[:1], tmp_path, counted, processes=1)
    rows = table.trained(three[::-1], tmp_path, counted, processes=1)
    assert [row["seed"] for row in rows] == [2, 1, 0]
    assert counted.calls == ["seed 0", "seed 2", "seed 1"]
    assert "1 of 2 trainings" in capsys.readouterr().err
    with (tmp_path / "trained.jsonl").open("a") as file:
        file.write('{"key": "cut o')  # killed while it wrote
    table.trained([*jobs(table, 1, batch_size=32), *three], tmp_path, counted, processes=1)
    assert counted.calls[3:] == ["seed 0"]
    lines = (tmp_path / "trained.jsonl").read_text().splitlines()
    assert len(lines) == 5
    assert json.loads(lines[-1])["seed"] == 0


def test_a_job_is_known_by_all_that_its_result_depends_on(table) -> None:
    one, other = jobs(table, 2)
    (further,) = jobs(table, 1, batch_size=32)
    data = DATA.model_copy(update={"options": DATA.options | {"noise": 0.3}})
    elsewhere = table.Job("seed 0", one.configuration, Task(data=data))
    renamed = table.Job("another name", one.configuration, one.task)
    assert len({str(job.content) for job in (one, other, further, elsewhere)}) == 4
    assert renamed.content == one.content


def test_a_network_is_tested_sample_by_sample(table, tmp_path) -> None:
    (job,) = jobs(table, 1)
    (row,) = table.trained([job], tmp_path, processes=1)
    right = table.right_of(row)
    assert right.shape == (row["n"],)
    assert right.mean() == pytest.approx(row["accuracy"])
    by_hand = (2 * 2 * 9 + 2 * 2) + (3 * 2 * 9 + 2 * 3) + (3 * 3 * 3 + 1) * 10
    assert row["parameters"] == by_hand
    assert row["energy_pj"] > 0
    assert row["mean_timesteps"] == 1.5


def test_a_training_that_diverges_answers_with_the_first_class(table, tmp_path) -> None:
    (job,) = jobs(table, 1, learning_rate=1e30, optimizer="sgd")
    (row,) = table.trained([job], tmp_path, processes=1)
    assert row["diverged"]
    assert row["accuracy"] == pytest.approx(0.1, abs=0.03)
    labels = table.load_dataset(DATA).test.labels.numpy()
    assert np.array_equal(table.right_of(row), labels == 0)


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(table, tmp_path) -> None:
    two = table.trained(jobs(table), tmp_path / "two")
    one = table.trained(jobs(table), tmp_path / "one", processes=1)
    assert [row["right"] for row in two] == [row["right"] for row in one]
