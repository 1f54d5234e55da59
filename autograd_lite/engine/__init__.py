"""What makes the table run: modes, and the guard of a recorded function."""
