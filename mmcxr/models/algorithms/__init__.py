"""Whole models, one file per method."""

from .convirt import ConVIRT
from .cxr_clip import CXRCLIP
from .film_classifier import FilmClassifier
from .film_encoder import FilmEncoder
from .gloria import GLoRIA
from .moco import MoCo
from .mrm import MRM
from .refers import REFERS
