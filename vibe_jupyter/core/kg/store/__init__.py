"""Where graphs are kept and how they are asked.

`protocol` is what the platform sees (`TripleStore`), `local` the store on this machine: immutable generations in a
folder (`generations`), written under a lock (`writing`), read by worker processes that can be killed (`pool`). What
people send passes `guard` before it gets there.
"""
