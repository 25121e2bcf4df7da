"""The tree of phases on the page."""

from dataclasses import replace

from tsearch.cli.stop_table import stops_text
from tsearch.engine.run_folder import Run
from tsearch.report import phase_tree
from tsearch.report.lineage import lineage_html
from tsearch.report.phase_tree import tree_of
from tsearch.report.view import gather


def nodes_of(roots):
    for node in roots:
        yield node
        yield from nodes_of(node.children)


def test_the_tree_of_eight_schedules_has_sixteen_phases(run_of_paths: Run) -> None:
    view = gather(run_of_paths)
    (root,) = tree_of(view)
    nodes = list(nodes_of([root]))
    assert (len(nodes), sum(node.is_trial for node in nodes)) == (16, 8)
    assert (root.phase, root.n_trials, root.use) == ("T=5", 8, "2 epochs once, reused 7 times")
    assert root.n_rows == 8
    paths = set()

    def walk(node, path):
        if node.is_trial:
            paths.add((*path, node.phase))
        for child in node.children:
            walk(child, (*path, node.phase))

    walk(root, ())
    assert paths == {
        tuple(f"T={phase.timesteps[0]}" for phase in trial.configuration.schedule)
        for trial in run_of_paths.trials
    }
    total = sum(node.n_epochs for node in nodes)
    assert total == run_of_paths.spared.n_epochs


def test_every_node_tells_threshold_and_leak_of_every_layer(run_of_paths: Run) -> None:
    text = lineage_html(gather(run_of_paths))
    _, _, table = text.partition("<table")
    assert table.count("<tr>") == 1 + 16
    assert (
        table.count("<td>0.6, 0.9</td>") == 1
    )  # the first layer after the first phase, which was trained once
    assert table.count("<td>0.7, 0.9</td>") == 4  # after 4, 3, 2 and 1
    assert "16 phases trained, 12 reused (24 of 80 epochs spared)" in text


def test_a_large_tree_is_limited_to_the_front_and_the_first(run_of_paths: Run, monkeypatch) -> None:
    monkeypatch.setattr(phase_tree, "MOST_TRIALS", 3)
    view = gather(run_of_paths)
    drawn = [node for node in nodes_of(tree_of(view)) if node.is_trial]
    assert len(drawn) == 3
    assert sum(node.is_on_front for node in drawn) == min(3, len(view.front.points))
    assert "Drawn are 3 of 8 trials" in lineage_html(view)


def test_a_run_without_stops_has_no_tree(run_of_paths: Run) -> None:
    trials = tuple(replace(trial, measured={}, result=trial.summary) for trial in run_of_paths.trials)
    bare = replace(run_of_paths, trials=trials)
    assert lineage_html(gather(bare)) == ""


def test_a_damaged_stop_leaves_the_tree_without_its_neurons(run_of_paths: Run) -> None:
    path = next(run_of_paths.folder.glob("results/*.r0.e2.json"))
    content = path.read_bytes()
    path.write_bytes(b"{")
    try:
        assert lineage_html(gather(run_of_paths)).count("<g class=") == 16
    finally:
        path.write_bytes(content)


def test_phases_of_several_families_name_them(run_of_families: Run) -> None:
    nodes = list(nodes_of(tree_of(gather(run_of_families))))
    assert {node.phase for node in nodes if not node.is_trial} == {"vgg T=3", "resnet18 T=3"}
    assert {node.phase.split(" T=")[0] for node in nodes} == {"vgg", "resnet18"}
    table = stops_text(run_of_families).splitlines()
    assert table[0].split()[:4] == ["trial", "phase", "backbone", "stages"]
    assert {line.split()[2] for line in table[2:4]} == {"vgg", "resnet18"}
