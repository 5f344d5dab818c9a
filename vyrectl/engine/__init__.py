"""What any backend is, the operations it runs, the buffers it lends them, and the pure-Python reference
backend.

Nothing here imports pyopencl; numpy is imported by `buffers`, `schedule` and `reference` only.
"""
