"""How the probe ends where it cannot go on."""
DONE, BROKEN_OFF, USAGE, REFUSED = EXITS = (0, 1, 2, 3)  # as scram-probe(1) lists them


class Trouble(Exception):
    """A sentence for a person: what is wrong, and what to do."""

    exit_code = BROKEN_OFF


class Refused(Trouble):
    """Nothing was begun: credentials, account or family are not as they have to be."""

    exit_code = REFUSED


class Interrupted(Trouble):
    """By a signal."""
