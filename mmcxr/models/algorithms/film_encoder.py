"""An image encoder that was pre-trained on films alone, ready to be used.

Shapes: B films, C channels of the encoder, D channels of the projection.
"""

from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.necks.pooling import check_pooling, pool_features
from mmcxr.registry import MODELS

from .method import Encoded, EncoderSpec, Method, backbone_spec
from .predictions import fill_samples


@MODELS.register_module()
class FilmEncoder(Method):
    """Pooled features of films, and the projection they were pre-trained with.

    It is not trained as it is: :class:`FilmClassifier` and segmentors take the
    backbone.

    Args:
        backbone: any image encoder.
        pooling: ``'avg'`` or ``'token0'``, see :func:`pool_features`.
        projection: config of the projection, with its channels; None without one.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        backbone: dict,
        pooling: str = 'avg',
        projection: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.pooling = check_pooling(pooling)
        self.backbone = MODELS.build(backbone)
        self.projection = nn.Identity()
        if projection is not None:
            self.projection = MODELS.build(projection)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features, (B, 3, H, W) to (B, C)."""
        return pool_features(self.backbone(images), self.pooling)

    def encode_image(self, images: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, 3, H, W) to (B, D) float32.

        Without a projection they are the normalised features.
        """
        projected = self.projection(self.extract_feat(images))
        return F.normalize(projected.float(), dim=-1)

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The encoder before its projection."""
        return backbone_spec(config)

    def encode(self, inputs: dict) -> Encoded:
        """``image_embeds`` (B, D) of ``image`` float (B, 3, H, W)."""
        return Encoded(image_embeds=self.encode_image(inputs['image']))

    def tensor(self, inputs: dict) -> Tensor:
        """The embeddings."""
        return self.encode(inputs).image_embeds

    def predict(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> list[BaseDataElement]:
        """Fill data samples with ``image_embeds`` (D,)."""
        return fill_samples(data_samples, dict(image_embeds=encoded.image_embeds))
