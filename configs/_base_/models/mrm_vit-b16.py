# MRM (arXiv 2301.13155): ViT-B/16 sees a quarter of a film's patches at 224 px, a pixel
# decoder restores the others at 448 px, a BERT restores the report.
model = dict(
    type='MRM',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.4978, 0.4978, 0.4978),
        std=(0.2449, 0.2449, 0.2449)),
    backbone=dict(type='MaskedViT', arch='base', img_size=224, patch_size=16),
    image_decoder=dict(
        type='PixelDecoder', in_channels=768, grid=(14, 14), patch_size=32,
        embed_dims=768, num_layers=4, num_heads=6),
    report_model=dict(
        type='ReportModel',
        config=dict(
            vocab_size=30000, hidden_size=384, num_hidden_layers=6,
            num_attention_heads=6, intermediate_size=1536,
            max_position_embeddings=100)),
    mask_ratio=0.75,
    norm_pix=True,
    # The released weights were trained without; see the model's docstring.
    antialias=False)
# How a film is brought to the encoder's size when features are asked for.
film_pipeline = [
    dict(type='FilmResize', size=224),
    dict(type='FilmCenterCrop', size=224),
]
published = dict(checkpoint='checkpoints/MRM.pth')
