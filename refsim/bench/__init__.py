"""What refsim costs: time at controlled firing rates, beside dense floating point and other libraries."""
