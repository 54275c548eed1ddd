"""CLIP's byte-pair tokenizer, with the vocabulary that mmsegmentation brings.

https://arxiv.org/abs/2103.00020.
"""

from pathlib import Path

from mmcxr.registry import TOKENIZERS

CONTEXT = 77


@TOKENIZERS.register_module()
class CLIPTokenizer:
    """Token ids of CLIP, from its start token to its end token, not padded.

    Text is repaired, lower-cased and its white space collapsed first. ``frame_ids``
    are those of the start, the end and padding; there is no mask token.

    Args:
        name: a vocabulary in place of OpenAI's, a file like
            ``bpe_simple_vocab_16e6.txt.gz``.

    Raises:
        FileNotFoundError: there is no such file.
    """

    pad_token_id = 0
    mask_token_id = None

    def __init__(self, name: str | None = None):
        # Imported late: it reads the vocabulary and imports all of mmseg.utils.
        from mmseg.utils.tokenizer import SimpleTokenizer, default_bpe

        path = Path(name or default_bpe())
        if not path.is_file():
            raise FileNotFoundError(f'vocabulary of CLIP {str(path)!r}: no such file')
        self.name = str(name or path.name)
        self.backend = SimpleTokenizer(str(path))
        self.start, self.end = self.backend.all_special_ids
        self.frame_ids = (self.start, self.end, self.pad_token_id)
        self.vocab_size = self.backend.vocab_size

    def __call__(self, texts: list[str], max_length: int = CONTEXT) -> list[list[int]]:
        """Encode texts one by one.

        Args:
            texts: any number of strings.
            max_length: most ids per text, start and end included, and never more
                than the 77 that CLIP has positions for; the end of the text is cut.

        Raises:
            TypeError: a bare string where the list should be, or a non-string.
            ValueError: ``max_length`` leaves no room for text.
        """
        if isinstance(texts, str) or not all(isinstance(t, str) for t in texts):
            raise TypeError(f'a list of strings is tokenized, not {texts!r:.80}')
        room = min(max_length, CONTEXT) - 2
        if room < 1:
            raise ValueError(f'max_length {max_length} leaves no room for text')
        return [
            [self.start, *self.backend.encode(text)[:room], self.end] for text in texts
        ]
