"""Tables of counts, means and rates."""
