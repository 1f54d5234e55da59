"""A class is held with it: mistakes that have names, and quizzes from any graph that know them.

In reading order:

* `graphs`: what the classroom asks of a graph;
* `mistakes`: the catalogue, each a backward pass that differs from the right one in one place;
* `questions`: what is asked, the answer, the wrong numbers, hints and why;  `choice`: which questions are asked;
* `verdicts`: what is said to an answer;  `quiz`: what a user calls;  `terminal`: a quiz there.
"""

from .mistakes import LESSONS, MISTAKES, Mistake
from .quiz import Quiz, quiz

__all__ = ["LESSONS", "MISTAKES", "Mistake", "Quiz", "quiz"]
