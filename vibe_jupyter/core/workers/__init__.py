"""Killable worker processes for blocking or untrusted work; `pool.WorkerPool` is the way in.

This file imports nothing: a worker passes through it while it starts.
"""
