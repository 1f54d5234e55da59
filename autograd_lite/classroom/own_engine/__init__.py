"""Your own engine: a student writes one, task by task, and it is checked, whatever it does.

`engine.txt` is what they begin with: eight tasks. In reading order:

* `student`: the student's side, which runs apart from everything else;  `running`: where it runs, with which bounds;
* `pieces`: what may be built on it;  `ladder`, `networks`: the graphs that both are checked on;  `judging`: what is wrong with
  an answer;
* `shrinking`: the smallest graph that shows it;  `tasks`: what is asked at each task;
* `diagnosis`: the mistakes that give its grads;  `report`: what the student reads;
* `going_back`: an engine made of a function that goes back;  `checking`: what a user calls.
"""

from .checking import check_engine
from .report import HINTS, Report

__all__ = ["HINTS", "Report", "check_engine"]
