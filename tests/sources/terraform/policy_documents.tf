data "aws_iam_policy_document" "empty" {}

data "aws_iam_policy_document" "minimal" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "sorted" {
  policy_id = "the-id"
  statement {
    sid       = "One"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:GetObject", "S3:getobject"]
    resources = ["arn:aws:s3:::b/*", "arn:aws:s3:::a", "arn:aws:s3:::b"]
  }
  statement {
    effect        = "Deny"
    not_actions   = ["iam:*"]
    not_resources = ["arn:aws:iam::1:role/x", "arn:aws:iam::1:role/y"]
  }
}

data "aws_iam_policy_document" "variables" {
  statement {
    actions   = ["s3:*", "&{not:replaced}"]
    resources = ["arn:aws:s3:::x/home/&{aws:username}", "arn:aws:s3:::x/$${aws:username}/<&>"]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["", "home/", "home/&{aws:username}/"]
    }
  }
}

data "aws_iam_policy_document" "principals" {
  statement {
    sid     = "Trust"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "lambda.amazonaws.com"]
    }
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root", "222222222222"]
    }
    principals {
      type        = "Federated"
      identifiers = ["cognito-identity.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "anyone" {
  statement {
    actions = ["s3:GetObject"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["s3:GetObject"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["s3:GetObject"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
  statement {
    effect  = "Deny"
    actions = ["s3:GetObject"]
    not_principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:user/b", "arn:aws:iam::111111111111:user/a"]
    }
  }
}

data "aws_iam_policy_document" "same_type" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["111111111111"]
    }
    principals {
      type        = "AWS"
      identifiers = ["333333333333", "222222222222"]
    }
    principals {
      type        = "AWS"
      identifiers = ["444444444444"]
    }
    principals {
      type        = "Service"
      identifiers = ["b.amazonaws.com"]
    }
    principals {
      type        = "Service"
      identifiers = ["a.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "conditions" {
  statement {
    actions   = ["*"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["eu-west-1", "eu-central-1"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["a"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["us-east-1"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [true]
    }
    condition {
      test     = "NumericLessThan"
      variable = "s3:max-keys"
      values   = [10]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/empty"
      values   = []
    }
  }
}

data "aws_iam_policy_document" "old" {
  version = "2008-10-17"
  statement {
    sid       = ""
    actions   = ["sns:Publish"]
    resources = ["arn:aws:sns:us-east-1:1:t"]
  }
}

data "aws_iam_policy_document" "base" {
  policy_id = "base"
  statement {
    sid       = "A"
    actions   = ["a:*"]
    resources = ["*"]
  }
  statement {
    sid       = "B"
    actions   = ["b:*"]
    resources = ["*"]
  }
  statement {
    actions   = ["nosid:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "from_source" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    sid       = "B"
    effect    = "Deny"
    actions   = ["replaced:*"]
    resources = ["*"]
  }
  statement {
    sid       = "C"
    actions   = ["c:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "overridden" {
  version   = "2008-10-17"
  policy_id = "own"
  statement {
    sid       = "A"
    actions   = ["own:*"]
    resources = ["x", "y"]
  }
  override_policy_documents = [data.aws_iam_policy_document.base.json, data.aws_iam_policy_document.from_source.json]
}

data "aws_iam_policy_document" "foreign" {
  source_policy_documents = [
    jsonencode({
      Version = "2008-10-17"
      Id      = "foreign"
      Extra   = "left out"
      Statement = [
        {
          Sid       = "Single"
          Effect    = "Allow"
          Action    = ["x:b", "x:c", "x:a"]
          Resource  = "*"
          Principal = { AWS = ["2", "1", "3"], Service = "s.amazonaws.com" }
          Unknown   = true
          Condition = {
            Bool            = { "aws:SecureTransport" = true, "aws:ViaAWSService" = ["false"] }
            NumericLessThan = { "s3:max-keys" = 10 }
            StringLike      = { "k" = ["b", "a"], "j" = "x<y>&z" }
          }
        },
        {
          effect       = "Deny"
          notaction    = "y:*"
          NotResource  = ["b", "a"]
          NotPrincipal = "*"
          Condition    = {}
        },
        {
          Sid       = ""
          Effect    = "Allow"
          Principal = { AWS = ["*"] }
          Action    = []
          Resource  = ""
        },
      ]
    }),
    jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "z:*", Resource = ["*"], Principal = { "*" = "*" } }] }),
  ]
}

data "aws_iam_policy_document" "only_override" {
  override_policy_documents = [
    jsonencode({ Statement = [{ Sid = "X", Effect = "Allow", Action = "x:1", Resource = "*" }] }),
    jsonencode({ Id = "last", Statement = [{ Sid = "X", Effect = "Deny", Action = "x:2", Resource = "*" }, { Sid = "Y", Effect = "Deny", Action = "y:2", Resource = "*" }] }),
  ]
}

data "aws_iam_policy_document" "nothing_named" {
  statement {}
  statement {
    actions   = []
    resources = []
  }
}

data "aws_iam_policy_document" "unicode" {
  statement {
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::é/\"quoted\"\\back\u2028", "arn:aws:s3:::日本"]
    condition {
      test     = "ForAnyValue:StringLike"
      variable = "aws:PrincipalOrgPaths"
      values   = ["o-1/*", "o-2/*"]
    }
  }
}

data "aws_iam_policy_document" "oidc" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:org/b:*", "repo:org/a:*"]
    }
  }
}

data "aws_iam_policy_document" "many_merged" {
  source_policy_documents = [
    data.aws_iam_policy_document.minimal.json,
    data.aws_iam_policy_document.principals.json,
    data.aws_iam_policy_document.anyone.minified_json,
    data.aws_iam_policy_document.conditions.json,
  ]
  override_policy_documents = [data.aws_iam_policy_document.same_type.json]
}
