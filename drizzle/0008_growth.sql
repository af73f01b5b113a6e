DROP INDEX "api_keys_organization_id_index";--> statement-breakpoint
DROP INDEX "runtimes_newest";--> statement-breakpoint
CREATE INDEX "api_keys_name" ON "api_keys" USING btree ("organization_id","name");--> statement-breakpoint
CREATE INDEX "browser_extensions_newest" ON "browser_extensions" USING btree ("organization_id","created_at","id");--> statement-breakpoint
CREATE INDEX "browser_profiles_newest" ON "browser_profiles" USING btree ("organization_id","created_at","id");--> statement-breakpoint
CREATE INDEX "browser_profiles_extensions" ON "browser_profiles" USING gin ("extension_ids" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "idempotency_keys_unfinished" ON "idempotency_keys" USING btree ("node_id") WHERE answer is null;--> statement-breakpoint
CREATE INDEX "organizations_oldest" ON "organizations" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "runtimes_alias" ON "runtimes" USING btree ("workspace_id","alias","created_at","id");--> statement-breakpoint
CREATE INDEX "runtimes_profile" ON "runtimes" USING btree ("profile_id") WHERE profile_id is not null;--> statement-breakpoint
CREATE INDEX "workspaces_newest" ON "workspaces" USING btree ("organization_id","created_at","id");--> statement-breakpoint
CREATE INDEX "runtimes_newest" ON "runtimes" USING btree ("workspace_id","state","created_at","id");