"""The command line, on everything else. In the order to read:

* :mod:`~autograd_lite.command_line.arguments`: the commands and their options, by argparse;
  :mod:`~autograd_lite.command_line.reading`: what was typed, and what was likely meant.
* :mod:`~autograd_lite.command_line.worked_example`: ``example``.
* :mod:`~autograd_lite.command_line.expressions`: ``step``, ``draw`` and ``explain``, of an expression.
* :mod:`~autograd_lite.command_line.characters`: ``train-char``, ``sample`` and ``train-names``, real tasks, with
  :mod:`~autograd_lite.command_line.progress`: what is going on in them.
* :mod:`~autograd_lite.command_line.classroom`: ``quiz``, ``worksheet`` and ``grade``.
* :mod:`~autograd_lite.command_line.lab`: ``lab``, of bugs.
* :mod:`~autograd_lite.command_line.engine`: ``engine``, one of the student's own.
* :mod:`~autograd_lite.command_line.doctor`: ``doctor``, what is installed.

A command is a function of its options, which returns the exit status. `autograd_lite.__main__` runs one, and says how it ends.
"""
