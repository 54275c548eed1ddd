# MRM fine-tuned on CheXpert, five findings, all training films.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/chexpert/finetune_mrm_vit-b16.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# The configs beside it, _10pct and _1pct, are for a part of the training films, with
# their own rate and number of updates; all three, three seeds each, and their means:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/chexpert/finetune_mrm_vit-b16.py \
#       --fractions 1 10 100 --seeds 0 1 2 \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# On splits that share no patient, in place of MRM's lists:
#   --cfg-options {train,val,test}_dataloader.dataset.split_scheme=clean
# Another encoder is another model in the first line, with the number of classes; see
# finetune_cxr-clip_r50.py of ChestX-ray14.
# Published AUROC at 100 / 10 / 1 %: 88.7 / 88.5 / 88.5 (as MaCo's Table 1 quotes the
# paper, https://doi.org/10.1038/s41467-024-51749-0), the mean of three runs.
_base_ = [
    '../../../_base_/models/film-classifier_mrm_vit-b16.py',
    '../../../_base_/recipes/mrm_chexpert.py',
]
model = dict(head=dict(num_classes=5))
