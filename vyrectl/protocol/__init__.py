"""The rest of the wire (spec 3): control buffer, debug log, publishing, packed slots, runtime view, replay log.

Pure functions over bytes, of the standard library alone; who opens files lies in higher layers. What the defining
runtime answers is answered here word for word, except where that would write half of something or outside of it.
"""
