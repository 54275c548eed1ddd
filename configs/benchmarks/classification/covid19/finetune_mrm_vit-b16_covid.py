# MRM fine-tuned on the COVID-19 Image Data Collection: COVID-19 or another pneumonia.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/covid19/finetune_mrm_vit-b16_covid.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# The first of MRM's five folds; all five, and their mean:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/covid19/finetune_mrm_vit-b16_covid.py \
#       --schemes mrm-covid{1..5} --seeds 0 \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# Images that a list names and the collection no longer has are counted in results.json.
_base_ = [
    '../../../_base_/models/film-classifier_mrm_vit-b16.py',
    '../../../_base_/recipes/mrm_covid19_covid.py',
]
model = dict(head=dict(num_classes=1))
