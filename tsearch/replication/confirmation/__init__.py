"""Whether a candidate saves cost: fresh replicates of it and of its uniform twins, judged on test samples."""
