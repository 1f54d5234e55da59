"""Derivations: every number of a gradient as equations, in text, LaTeX and MathML."""
