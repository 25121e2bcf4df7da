"""Questions answered with many estimates: bounds, predictions, comparisons and twins without spikes."""
