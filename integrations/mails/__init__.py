"""Who is told what by mail (DESIGN section 7): by the worker, once each, outside transactions."""
