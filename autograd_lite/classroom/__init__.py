"""A class is held with it: mistakes that have names, and quizzes from any graph that know them."""
