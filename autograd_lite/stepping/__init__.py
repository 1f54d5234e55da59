"""Steps of a pass, forward and backward, and their views: a page, a terminal."""
