"""From a trial of a run to a folder that can be used without the run."""

from tsearch.export.write import export_bundle

__all__ = ["export_bundle"]
