"""Procedural chest films with reports, labels, masks and boxes.

Anatomy and findings are drawn from a seed; the report is worded from the same
findings with draws of its own. Use :func:`write_synthetic_dataset`.
"""

from .plan import CLASSES
from .write import write_synthetic_dataset
