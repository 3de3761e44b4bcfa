module "member_role" {
  source = "./modules/member-role"
  count  = var.member_role == null ? 0 : 1

  name        = var.member_role.name
  principal   = var.member_role.principal
  external_id = var.member_role.external_id
  write       = var.member_role.write
  tags        = var.tags
}
