# MRM small enough for two CPU cores: a ViT of width 128 that sees 18 of 36 patches at
# 96 px, restored at 192 px, and the vocabulary of the synthetic reports. There is no
# dropout, which on a CPU would take a fifth of the time.
model = dict(
    type='MRM',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.4978, 0.4978, 0.4978),
        std=(0.2449, 0.2449, 0.2449)),
    backbone=dict(
        type='MaskedViT',
        arch=dict(
            embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512),
        img_size=96,
        patch_size=16),
    image_decoder=dict(
        type='PixelDecoder', in_channels=128, grid=(6, 6), patch_size=32,
        embed_dims=128, num_layers=2, num_heads=4),
    report_model=dict(
        type='ReportModel',
        config=dict(
            vocab_size=1000, hidden_size=128, num_hidden_layers=2,
            num_attention_heads=4, intermediate_size=256,
            max_position_embeddings=100, hidden_dropout_prob=0.,
            attention_probs_dropout_prob=0.)),
    mask_ratio=0.5,
    antialias=False)
film_pipeline = [
    dict(type='FilmResize', size=96, keep_ratio=False),
]
