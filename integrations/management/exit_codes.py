"""How every command ends, for scripts."""

DONE = 0
#: What was done until then stays.
FAILED = 1
#: Nothing was done.
BAD_USE = 2
#: It waits for a person, and the answer says for whom and where.
HELD = 3
