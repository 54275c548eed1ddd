"""Losses: tensors in, scalars out."""

from .contrastive import (
    all_gather_with_grad,
    clip_loss,
    info_nce,
    multi_view_clip_loss,
    multi_view_siglip_loss,
    pairwise_sigmoid,
    siglip_loss,
    weighted_clip_loss,
)
from .gloria import gloria_losses, local_similarities, word_attention
from .momentum_contrast import (
    joint_contrastive_loss,
    laterality_weights,
    queue_cross_entropy,
    queue_logits,
    same_laterality,
)
from .mrm_segmentation import MRMDiceLoss, MRMFocalLoss
from .multi_label import multi_label_bce
from .pixels import normalise_patches, patch_errors, patches_at, patchify, unpatchify
from .tokens import loss_tokens, mean_of_all_ranks, token_errors
