"""A class is held with it: mistakes that have names, and quizzes from any graph that know them.

In reading order:

* `graphs`: what the classroom asks of a graph;  `rows`: graphs as data, and with other numbers;
* `wrong`: in what a mistaken pass differs from the right one, and what it gives;  `mistakes`: the catalogue of these, with
  `attention`: those of heads, residuals and norms;
* `questions`: what is asked, the answer, the wrong numbers, hints and why;  `choice`: which questions are asked;
* `verdicts`: what is said to an answer;  `exercises`: the same in a lesson;
* `sheet`: questions that check answers, and other numbers for each student;
* `terminal`, `page`, `paper`, `exports`, `notebooks`: where a quiz is taken, with `pictures`;  `saving`: to files;
* `codes`, `grades`: what comes back;
* `engines`: right ones, to be read;  `bugs`: planted in them;  `watched`: an engine at work;  `comparison`: of two,
  `side_by_side`: as a page, and `compare`, what is called;
* `quiz`: what a user calls;
* `own_engine`: an engine of the student's own, task by task, checked whatever it does.
"""

from .bugs import BUGS, Bug, bug
from .compare import Comparison, compare, kills
from .exercises import check_answer
from .mistakes import LESSONS, MISTAKES
from .own_engine import check_engine
from .quiz import Quiz, quiz, quiz_of
from .wrong import Mistake

__all__ = [
    "BUGS",
    "LESSONS",
    "MISTAKES",
    "Bug",
    "Comparison",
    "Mistake",
    "Quiz",
    "bug",
    "check_answer",
    "check_engine",
    "compare",
    "kills",
    "quiz",
    "quiz_of",
]
