"""Machine translation of reports with a MarianMT model, sampled for variety."""

import importlib.util
import warnings

from mmcxr.datasets.texts.sentences import split_sentences
from mmcxr.torchvision_schema import ensure_torchvision


class MarianTranslator:
    """Translate texts of any length by sampled beam search.

    Sampling draws from torch's global generator: seed it around the call.

    Args:
        name: hub name such as ``Helsinki-NLP/opus-mt-en-it``, or a local folder.
        temperature: of the sampling; above 1 more varied, CXR-CLIP used about 1.5.
        num_beams: beams kept; CXR-CLIP has 5.
        batch_size: pieces of text translated at once.
        device: 'cpu', 'cuda', 'cuda:1', ...

    Raises:
        ImportError: the package sentencepiece is missing.
        FileNotFoundError: no model of that name here or on the hub.
    """

    def __init__(
        self,
        name: str,
        temperature: float = 1.5,
        num_beams: int = 5,
        batch_size: int = 128,
        device: str = 'cpu',
    ):
        if temperature <= 0:
            raise ValueError(f'temperature is above 0, not {temperature}')
        self.temperature = temperature
        self.num_beams = num_beams
        self.batch_size = batch_size
        self.tokenizer, self.model = _load(name)
        self.model.to(device).eval()
        # Positions beyond the table of the model would be silently wrong.
        self.limit = min(
            self.model.config.max_position_embeddings, self.tokenizer.model_max_length
        )

    def __call__(self, texts: list[str]) -> list[str]:
        """Translate texts; a blank one stays empty.

        A text above the model's limit is cut into groups of sentences (a sentence
        above it into groups of words), translated apart and joined by spaces.
        """
        pieces, owners = [], []
        for index, text in enumerate(texts):
            for piece in self.split(text):
                pieces.append(piece)
                owners.append(index)
        done = []
        for start in range(0, len(pieces), self.batch_size):
            done += self._translate(pieces[start : start + self.batch_size])
        joined = [[] for _ in texts]
        for index, piece in zip(owners, done, strict=True):
            joined[index].append(piece)
        return [' '.join(' '.join(group).split()) for group in joined]

    def split(self, text: str) -> list[str]:
        """Pieces of a text that fit the model, in order, nothing left out."""
        text = ' '.join(text.split())
        if not text or self._fits(text):
            return [text] if text else []
        pieces = []
        for sentence in split_sentences(text):
            parts = [sentence] if self._fits(sentence) else self._words(sentence)
            for part in parts:
                if pieces and self._fits(f'{pieces[-1]} {part}'):
                    pieces[-1] += f' {part}'
                else:
                    pieces.append(part)
        return pieces

    def _words(self, sentence: str) -> list[str]:
        parts = ['']
        for word in sentence.split():
            longer = f'{parts[-1]} {word}'.strip()
            if self._fits(longer) or not parts[-1]:
                parts[-1] = longer
            else:
                parts.append(word)
        return parts

    def _fits(self, text: str) -> bool:
        return len(self.tokenizer.tokenize(text)) < self.limit  # one for </s>

    def _translate(self, pieces: list[str]) -> list[str]:
        import torch

        # Only a single word above the limit is still cut here.
        batch = self.tokenizer(
            pieces,
            return_tensors='pt',
            padding=True,
            truncation=True,
            max_length=self.limit,
        ).to(self.model.device)
        with torch.inference_mode():
            ids = self.model.generate(
                **batch,
                do_sample=True,
                temperature=self.temperature,
                num_beams=self.num_beams,
                max_length=self.limit,
            )
        return self.tokenizer.batch_decode(ids, skip_special_tokens=True)


def _load(name: str):
    if importlib.util.find_spec('sentencepiece') is None:
        raise ImportError('translation needs "pip install sentencepiece"')
    ensure_torchvision()
    from transformers import MarianMTModel, MarianTokenizer

    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Recommended: pip install sacremoses')
        try:
            tokenizer = MarianTokenizer.from_pretrained(name)
            model = MarianMTModel.from_pretrained(name)
        except (OSError, TypeError) as error:  # TypeError: files of it are missing
            raise FileNotFoundError(
                f'translation model {name!r}: neither a local folder with a MarianMT '
                f'model nor to be had from the hub ({str(error).splitlines()[0]})'
            ) from error
    return tokenizer, model
