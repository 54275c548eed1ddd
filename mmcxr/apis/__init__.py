"""What a notebook calls."""

from .inference import classify, embed_films, embed_texts, retrieve, similarity_maps
from .model import load_model
from .published import load_published
from .segment import Segmentation, segment
