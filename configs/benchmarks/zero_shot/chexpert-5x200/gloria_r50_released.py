# Zero-shot with GLoRIA, columns of words counted as in the released code, by the
# characters of a prompt: CheXpert 5x200, accuracy over 5 classes.
#   python tools/test.py \
#       configs/benchmarks/zero_shot/chexpert-5x200/gloria_r50_released.py \
#       chexpert_resnet50.ckpt
# Expected values: see model_zoo.md.
_base_ = './gloria_r50.py'
model = dict(prompt_head=dict(word_counts='characters'))
