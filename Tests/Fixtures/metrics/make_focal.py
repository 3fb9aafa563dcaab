"""Prints the values of Tests/AutogradTests/FocalLossGoldens.swift: torchvision's sigmoid_focal_loss, of which this is the
formula, and the focal loss of the paper's equation 5 with softmax.

usage: python make_focal.py        (torch 2.15.0)
"""
import torch
import torch.nn.functional as F

torch.set_printoptions(precision=10)
x = torch.tensor([[1, -0.5, 0.25], [-2, 0.5, 3], [0, 0, 0], [9, -9, 1]], dtype=torch.float64, requires_grad=True)
y = torch.tensor([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]], dtype=torch.float64)
known = torch.ones_like(y)
known[3, 2] = 0
p, ce, alpha, gamma = torch.sigmoid(x), F.binary_cross_entropy_with_logits(x, y, reduction="none"), 0.25, 2
p_t = p * y + (1 - p) * (1 - y)
loss = ((alpha * y + (1 - alpha) * (1 - y)) * ce * (1 - p_t) ** gamma * known).sum()
loss.backward()
print("binary", loss.item(), x.grad.flatten().tolist())
x.grad = None
target, weight = torch.tensor([0, 1, 2, 0]), torch.tensor([0.5, 2, 1], dtype=torch.float64)
log_p = torch.log_softmax(x, 1)[range(4), target]
loss = (weight[target] * (1 - log_p.exp()) ** 2 * -log_p).sum() / 4
loss.backward()
print("classes", loss.item(), x.grad.flatten().tolist())
