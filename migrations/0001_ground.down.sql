DROP FUNCTION audit_verify();
DROP FUNCTION audit_append(text, text, text, text, text, text, text);
DROP FUNCTION audit_hash(operator_actions);
DROP TABLE operator_actions;
DROP FUNCTION refuse_change();
DROP TABLE desk_setting;
DROP FUNCTION desk_now();
DROP TABLE desk;
