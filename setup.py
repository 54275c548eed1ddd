"""Packaging of mmcxr; tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = '0.1.0'

# Bounds and why: torch < 2.14 because later headers cannot build mmcv's ops;
# torchvision follows torch; the onedl-* packages are the maintained forks of
# mmengine, mmcv, mmpretrain and mmsegmentation and keep their import names.
REQUIRES = [
    'torch>=2.6,<2.14',
    'torchvision>=0.21,<0.29',
    'onedl-mmengine>=0.10.12,<0.11',
    'onedl-mmcv>=2.3.6,<2.4',
    'onedl-mmpretrain>=1.3.6,<1.4',
    'onedl-mmsegmentation>=1.4.2,<1.5',
    'transformers>=4.57,<6',
    'tokenizers>=0.21',
    'timm>=1.0.15,<2',
    'numpy>=2.0.1,<3',
    'pandas>=2.2,<4',
    'scikit-learn>=1.5,<2',
    'pillow>=10',
    'safetensors>=0.4',
    'pydicom>=3',
    'pylibjpeg>=2',
    'pylibjpeg-libjpeg>=2.3',
    'pylibjpeg-openjpeg>=2.3',
    'rich>=13',
    'ftfy',
    'regex',
]
EXTRAS = {
    'test': [
        'pytest>=8',
        'pytest-timeout>=2.3',
        'pytest-xdist>=3.6',
        'pyarrow>=16',
        'torchxrayvision>=1.4',
        'sentencepiece>=0.2',
    ],
    'tracking': ['tensorboard>=2.16', 'wandb>=0.18', 'mlflow>=3'],
    'dev': ['ruff>=0.14,<0.16', 'codespell>=2.3', 'pre-commit>=3.8'],
}

setup(
    name='mmcxr',
    version=VERSION,
    description='Pre-training and evaluation of chest X-ray models, OpenMMLab style',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['mmcxr', 'mmcxr.*']),
    package_data={'mmcxr': ['.mim/**/*']},
    include_package_data=True,
    install_requires=REQUIRES,
    extras_require=EXTRAS,
)
