# GLoRIA in miniature on synthetic films, minutes on two CPU cores, no download: films
# of 96 px as they are, regions of 16 px.
#
#   python tools/prepare_dataset.py synthetic --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/misc/train_tokenizer.py data/synthetic --scheme official \
#       --vocab-size 1000 --out data/synthetic/tokenizer
#   python tools/train.py \
#       configs/gloria/gloria_r18-bert-mini_1xb32-10e_synthetic-96px.py
_base_ = [
    '../_base_/models/gloria_r50.py',
    '../_base_/datasets/synthetic_sentences_96.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(channels_last=True),
    image_backbone=dict(depth=18, base_channels=32),
    image_channels=256,
    region_channels=128,
    embed_dims=128,
    encoder_size=96,
    num_layers=2,
    text_backbone=dict(
        config=dict(
            vocab_size=1000, hidden_size=128, num_hidden_layers=2,
            num_attention_heads=4, intermediate_size=256,
            max_position_embeddings=128)),
    tokenizer=_base_.tokenizer)
train_dataloader = dict(collate_fn=dict(join_texts=False))
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999), weight_decay=1e-6),
    clip_grad=dict(max_norm=0.25))
param_scheduler = dict(type='WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
val_cfg = dict()
default_hooks = dict(
    logger=dict(interval=5),
    checkpoint=dict(save_best='contrastive/total', rule='less'))
