"""Whole models, one file per method."""

from .cxr_clip import CXRCLIP
from .film_classifier import FilmClassifier
from .gloria import GLoRIA
from .mrm import MRM
