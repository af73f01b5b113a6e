ALTER TABLE "api_keys" ADD COLUMN "scopes" text[];--> statement-breakpoint
-- Keys that there are may do what they could.
UPDATE "api_keys" SET "scopes" = ARRAY[
	'runtimes:read', 'runtimes:write', 'runtimes:connect', 'workspaces:read', 'workspaces:write',
	'profiles:read', 'profiles:write', 'profiles:export', 'extensions:read', 'extensions:write'
] || CASE WHEN "is_admin" THEN ARRAY['admin'] ELSE ARRAY[]::text[] END;--> statement-breakpoint
ALTER TABLE "api_keys" ALTER COLUMN "scopes" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "workspace_ids" uuid[];--> statement-breakpoint
CREATE INDEX "api_keys_newest" ON "api_keys" USING btree ("organization_id","created_at","id") WHERE revoked_at is null;--> statement-breakpoint
CREATE INDEX "api_keys_admin" ON "api_keys" USING btree ("organization_id") WHERE revoked_at is null and 'admin' = any(scopes);--> statement-breakpoint
ALTER TABLE "api_keys" DROP COLUMN "is_admin";
