"""A plain PyTorch loop in the style of PyTorch's own VAE example: a DataLoader, float32, a test pass per epoch."""

from __future__ import annotations

import common


def main() -> None:
    """Train, and print the result line."""
    arguments = common.parser(__doc__).parse_args()
    images = common.splits(arguments.data, arguments.images)
    watch = common.Watch()

    import torch
    import torch_networks as networks
    from torch import nn, optim
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = networks.encoder()
            self.decoder = networks.decoder()

        def forward(self, x):
            mu, logvar = self.encoder(x).chunk(2, dim=1)
            std = torch.exp(0.5 * logvar)
            z = mu + torch.randn_like(std) * std
            return torch.sigmoid(self.decoder(z)), mu, logvar

    def loss_function(recon_x, x, mu, logvar):
        bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return bce + kld

    def loader(split, shuffle):
        tensor = torch.from_numpy(common.unit(images[split])).reshape(-1, 1, 28, 28)
        return DataLoader(TensorDataset(tensor), batch_size=common.BATCH, shuffle=shuffle)

    def train():
        model.train()
        train_loss = 0
        for (data,) in train_loader:
            data = data.to(device)
            optimizer.zero_grad()
            recon_batch, mu, logvar = model(data)
            loss = loss_function(recon_batch, data, mu, logvar)
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
            watch.step(len(data))
        return train_loss / len(train_loader.dataset)

    def test():
        model.eval()
        test_loss = 0
        with torch.no_grad():
            for (data,) in test_loader:
                data = data.to(device)
                recon_batch, mu, logvar = model(data)
                test_loss += loss_function(recon_batch, data, mu, logvar).item()
        return test_loss / len(test_loader.dataset)

    torch.manual_seed(arguments.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_loader, test_loader = loader("train", True), loader("validation", False)
    model = VAE().to(device)
    optimizer = optim.Adam(model.parameters(), lr=common.LEARNING_RATE)
    for epoch in range(1, arguments.epochs + 1):
        print(f"====> Epoch: {epoch} Average loss: {train():.4f}")
        print(f"====> Test set loss: {test():.4f}")
    watch.stop()

    common.report(
        watch,
        arguments,
        ("torch", "numpy"),
        precision="float32",
        parameters=networks.parameters(model),
        test_elbo=common.elbo(images["test"], *networks.yardstick(model.encoder, model.decoder)),
    )


if __name__ == "__main__":
    main()
