"""The commands that read a bundle: each takes its parsed arguments and gives back the text to print."""

import argparse

from tsearch.cli.values import as_json, assumed_bits
from tsearch.errors import TsearchError


def evaluate(arguments: argparse.Namespace) -> str:
    """The test accuracy stored in a bundle, or its accuracy on other data."""
    from tsearch.cli.bundle_tables import evaluation_text
    from tsearch.export.evaluation import evaluate_bundle

    evaluation = evaluate_bundle(arguments.bundle, arguments.data, arguments.data_root)
    return as_json(evaluation) if arguments.json else evaluation_text(arguments.bundle, evaluation)


def cost(arguments: argparse.Namespace) -> str:
    """Price a bundle again from its stored spikes, under any profile, without running it."""
    from hwcost import HwcostError
    from tsearch.cli.bundle_tables import cost_content, cost_text
    from tsearch.configuration import Hardware
    from tsearch.export.pricing import price_bundle

    prices = (arguments.profile, arguments.execution, assumed_bits(arguments.assume))
    priced = price_bundle(arguments.bundle, *prices)
    other = price_bundle(arguments.other, *prices) if arguments.other else None
    if other is not None and other.cost.profile != priced.cost.profile:
        raise TsearchError(
            f"{arguments.bundle} is priced under profile {priced.cost.profile}, {arguments.other} under profile "
            f"{other.cost.profile}, so they have no order. Price both under one: --profile {Hardware().profile}"
        )
    try:
        return as_json(cost_content(priced, other)) if arguments.json else cost_text(priced, other)
    except HwcostError as error:
        raise TsearchError(f"{arguments.bundle} and {arguments.other}: {error}") from None
