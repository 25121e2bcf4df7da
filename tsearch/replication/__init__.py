"""Networks trained again with fresh replicates: how sure a front is, and whether a saving holds on test samples."""
